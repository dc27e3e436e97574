# The hub: ingest, dispatch, api and every command of `lifeline`. Small, without root, and it writes nothing of its own.
FROM python:3.12-slim-bookworm AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md ./
COPY database database
COPY ingest ingest
COPY alerts alerts
COPY dispatch dispatch
COPY api api
COPY simulators simulators
COPY dashboards dashboards
COPY lifeline lifeline
RUN python -m venv /opt/lifeline \
    && /opt/lifeline/bin/pip install --no-cache-dir --no-compile --constraint constraints.txt .

FROM python:3.12-slim-bookworm
# Backups need pg_dump and pg_restore; Debian's are of version 15, which dump the server of docker-compose.yml.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client-15 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/lifeline /opt/lifeline
COPY counties /usr/share/lifeline/counties
ENV PATH=/opt/lifeline/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# What libraries keep beside their work goes to the tmpfs: nothing else can be written.
ENV NICEGUI_STORAGE_PATH=/tmp/nicegui MPLCONFIGDIR=/tmp/matplotlib
# A volume that is mounted here takes over its owner.
RUN install --directory --owner 1883 --group 1883 /var/lib/lifeline/credentials
# Mosquitto's image runs under the same number, so the account files that the hub writes for it are its own.
USER 1883:1883
WORKDIR /var/lib/lifeline
ENTRYPOINT ["lifeline"]
CMD ["--help"]
