"""The price of cloud resources: a function of resource and usage, and the price book it reads."""
