"""From appraised studies to levels and summaries. Pure: the same studies give the same answer, in any order."""
