"""What an export is made of before a profile writes it: typed tables, and nobody in them who should not be."""
