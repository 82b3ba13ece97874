"""The world of `up --demo`: two partners, their retailers and people, a shop and an ERP that are stand-ins."""
