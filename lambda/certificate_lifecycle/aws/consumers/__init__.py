"""The services whose resources use certificates; `registry` lists them."""
