"""From a failure to one line of advice; `advise` begins, the others are tables of causes."""
