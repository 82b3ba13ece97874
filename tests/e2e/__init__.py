"""End to end: the real `manage.py up --demo`, and what it did compared with what the shop and the ERP say."""
