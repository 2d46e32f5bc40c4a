"""The catalogue: what a design can be made of, as data files, and the loader that checks them."""

from pilothouse.apps.mlops.catalogue.loader import CatalogueError, load_catalogue
from pilothouse.apps.mlops.catalogue.model import Catalogue, Component

__all__ = ["Catalogue", "CatalogueError", "Component", "load_catalogue"]
