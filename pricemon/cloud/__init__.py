"""What exists in AWS: resources, their order, and the calls that make them so."""
