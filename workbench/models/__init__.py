"""Pure economics: functions over frozen dataclasses; no files, no database, no clock."""
