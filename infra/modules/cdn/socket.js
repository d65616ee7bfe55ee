// API Gateway knows its stage, not our path.
function handler(event) {
  event.request.uri = '/api';
  return event.request;
}
