"""The parts of a fetch, behind `pricemon.core.fetch`: each guards one thing."""
