"""The services that receive each run beside the SNS topic; `registry` lists them."""
