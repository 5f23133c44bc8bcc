// Knows two descriptions of GitHub's webhooks: octokit's schemas, and GitHub's own, of OpenAPI.

import { createRequire } from "node:module";

import Ajv from "ajv";
import addFormats from "ajv-formats";

const require = createRequire(import.meta.url);

/** Makes a judge of deliveries by octokit's schemas, which allow no field that they do not name. */
export function octokit() {
  const definitions = checker("webhooks", require("@octokit/webhooks-schemas"));
  return ({ event, payload: { enterprise, ...payload } }) => {
    // These schemas know neither enterprises nor their hooks.
    if (payload.hook?.type === "Business") return [];
    return definitions(`definitions/${event}$${payload.action ?? "event"}`, payload);
  };
}

/** Makes a judge of deliveries by GitHub's description. */
export function github() {
  const { components } = require("@octokit/openapi/generated/ghec.json");
  const schemas = checker("github", { components });
  return ({ event, payload }) => {
    const name = [event, payload.action].filter(Boolean).join("-").replaceAll("_", "-");
    return schemas(`components/schemas/webhook-${name}`, payload);
  };
}

/** Reads schemas; what checks a value by the one of a name gives its faults, a line each. */
function checker(id, schemas) {
  // OpenAPI 3.0's `nullable` is one of ajv's own words; formats that only one side knows say nothing.
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true, logger: false }));
  ajv.addSchema(schemas, id);
  return (name, value) => {
    const validate = ajv.getSchema(`${id}#/${name}`);
    if (!validate) return [`${name} is not described`];
    if (validate(value)) return [];
    return validate.errors.map(
      ({ instancePath, message, params }) =>
        `${name}${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}
