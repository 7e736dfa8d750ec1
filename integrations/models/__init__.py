from .contact import Contact

__all__ = ["Contact"]
