FROM python:3.11-slim
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN useradd --create-home missioncontrol && mkdir /data && chown missioncontrol /data
USER missioncontrol
ENV MC_DATA_DIR=/data HOST=0.0.0.0 PYTHONUNBUFFERED=1
EXPOSE 3000
CMD ["python", "-m", "missioncontrol.up"]
