# The packages are built in one image and used in another, which has no compiler and no package manager's cache.
FROM python:3.11-slim AS packages
RUN python -m venv /venv
# requirements-tracing.lock for an image that can send traces.
ARG LOCK=requirements.lock
COPY ${LOCK} ./
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r ${LOCK}

FROM python:3.11-slim
# pg_dump, for backups of PostgreSQL.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home missioncontrol \
    && install -d -o missioncontrol -g missioncontrol -m 700 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
USER 10001
ENV PATH=/venv/bin:$PATH MC_DATA_DIR=/data HOST=0.0.0.0 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
VOLUME /data
EXPOSE 3000
CMD ["python", "-m", "missioncontrol.up"]
