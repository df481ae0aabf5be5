"""The graph of teachers and students, and what travels along it. Pure: records in, nodes, edges and answers out."""
