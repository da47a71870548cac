"""The rules of the design ladder, one family a file; ``ladder`` puts them in order."""
