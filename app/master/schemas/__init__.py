"""The JSON that the API takes and gives. Names are camelCase; times are ISO 8601 in UTC with milliseconds."""
