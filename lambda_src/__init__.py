"""The Lambda functions: thin handlers over `pricemon.core`."""
