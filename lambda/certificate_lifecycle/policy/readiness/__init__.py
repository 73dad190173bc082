"""Readiness: who renews each certificate, what prevents that, and what people have to do."""
