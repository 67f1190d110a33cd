# The product in one image: Airflow's services, tasks and the embedded Audit Manager.
# Which of them runs is the command's choice (see docker-compose.yaml).
FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONPATH=/opt/audit \
    AIRFLOW_HOME=/var/lib/audit/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/audit/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/audit/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME=0.1

WORKDIR /opt/audit

# Requirements first: they change less often than the code.
COPY requirements.txt ./
RUN pip install -r requirements.txt

COPY audit.yaml ./
COPY dags ./dags
COPY include ./include
COPY plugins ./plugins

RUN useradd --system --home-dir /var/lib/audit --create-home audit \
    && mkdir -p /var/lib/audit/airflow \
    && chown -R audit:audit /var/lib/audit
USER audit

EXPOSE 8080
CMD ["python", "-m", "airflow", "api-server"]
