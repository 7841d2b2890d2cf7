"""Game days: which fault, planted at which place of a release, must come to which end; a part that only decides."""
