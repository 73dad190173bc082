"""Certificates outside ACM: IAM server certificates and private certificate authorities."""
