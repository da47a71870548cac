"""The deeds: each does one job of the program with what it is handed, and reports what it did and left out."""
