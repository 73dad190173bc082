"""Services other than SNS that receive each run; `registry` lists them."""
