-- Roles and databases, as lotwatch_local.postgres.create_databases makes them natively. For psql: the image runs it once,
-- when the volume is empty. Passwords come from the environment, so that none shows in a process list.
\getenv airflow LOTWATCH_SECRET_DATABASE_AIRFLOW
\getenv tryton LOTWATCH_SECRET_DATABASE_TRYTON
\getenv migrator LOTWATCH_SECRET_DATABASE_MIGRATOR
\getenv app LOTWATCH_SECRET_DATABASE_APP
\getenv board LOTWATCH_SECRET_DATABASE_BOARD

CREATE ROLE airflow LOGIN PASSWORD :'airflow';
CREATE ROLE tryton LOGIN CREATEDB PASSWORD :'tryton';
CREATE ROLE lotwatch_migrator LOGIN PASSWORD :'migrator';
CREATE ROLE lotwatch_app LOGIN PASSWORD :'app';
CREATE ROLE lotwatch_board LOGIN PASSWORD :'board';
CREATE ROLE lotwatch_auditor NOLOGIN;

-- nobody but a database's owner and the roles granted may connect to it
CREATE DATABASE airflow OWNER airflow;
REVOKE CONNECT ON DATABASE airflow FROM PUBLIC;
CREATE DATABASE lotwatch OWNER lotwatch_migrator;
REVOKE CONNECT ON DATABASE lotwatch FROM PUBLIC;
GRANT CONNECT ON DATABASE lotwatch TO lotwatch_app, lotwatch_board, lotwatch_auditor;
