"""What Headwater is made of: under which licences, with which known holes, and the bill of materials of a package."""
