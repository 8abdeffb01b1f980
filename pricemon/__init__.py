"""pricemon: a serverless price monitor you provision, run and operate from one command line."""

__version__ = "0.1.0"
