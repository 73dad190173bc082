"""Pure decisions: no AWS call, no clock, no environment."""
