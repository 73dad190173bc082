"""Adapters: one file per AWS service, botocore in, core types out."""
