"""How a release goes, stops, goes on and is put right; who may order what of it."""
