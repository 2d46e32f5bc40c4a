"""The project's own linters: rules of this codebase that no general tool knows. Run by `./dev check`."""
