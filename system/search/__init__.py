"""Search over everything a workspace holds.

Found is what contains the text anywhere, whatever its case. Three texts are long or many, and have an index: titles
and descriptions of tasks, and stories of the log. The other tables are small, or looked at from their new end.

On PostgreSQL the indexes are the database's own. SQLite has tables of trigrams, which no write of the product touches:
a job of the worker reads the log every few seconds and puts into them what is new. A search asks them, looks at the
rows themselves for what they name, and reads what the log tells beyond the job's cursor as well. So an answer is right
whether the job has run or not: an old entry finds nothing that is not there, and what has no entry yet is read.
"""
