"""Engines of others, all behind one interface: see peer.py."""
