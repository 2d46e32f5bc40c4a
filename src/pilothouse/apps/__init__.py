"""The applications that ship in the box; each is one `App` on the public API only."""
