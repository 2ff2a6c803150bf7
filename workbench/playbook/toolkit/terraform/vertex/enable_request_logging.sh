#!/bin/sh
# Switch on request-response logging of one publisher model: there is no Terraform resource for it.
# Usage: PROJECT=my-project LOCATION=europe-west4 MODEL=publishers/google/models/gemini-2.5-flash \
#        TABLE=bq://my-project.my_dataset.requests ./enable_request_logging.sh
set -eu
curl --fail --silent --show-error -X POST \
  -H "Authorization: Bearer $(gcloud auth print-access-token)" \
  -H "Content-Type: application/json" \
  "https://${LOCATION}-aiplatform.googleapis.com/v1beta1/projects/${PROJECT}/locations/${LOCATION}/${MODEL}:setPublisherModelConfig" \
  -d "{\"publisherModelConfig\": {\"loggingConfig\": {\"enabled\": true, \"samplingRate\": 1.0, \"bigqueryDestination\": {\"outputUri\": \"${TABLE}\"}}}}"
