"""Plain frozen data: this room knows no rule, no library and no clock."""
