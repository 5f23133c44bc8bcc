// Validates webhooks by two descriptions: octokit's schemas, and GitHub's own OpenAPI description.

import { createRequire } from "node:module";

import Ajv from "ajv";
import addFormats from "ajv-formats";

const require = createRequire(import.meta.url);

/** Returns a validator by octokit's schemas, which reject unknown fields. */
export function octokit() {
  const definitions = checker("webhooks", require("@octokit/webhooks-schemas"));
  return ({ event, payload: { enterprise, ...payload } }) => {
    // These schemas have neither enterprises nor their hooks.
    if (payload.hook?.type === "Business") return [];
    return definitions(`definitions/${event}$${payload.action ?? "event"}`, payload);
  };
}

/** Returns a validator by GitHub's description. */
export function github() {
  const { components } = require("@octokit/openapi/generated/ghec.json");
  const schemas = checker("github", { components });
  return ({ event, payload }) => {
    const name = [event, payload.action].filter(Boolean).join("-").replaceAll("_", "-");
    return schemas(`components/schemas/webhook-${name}`, payload);
  };
}

/** Returns a function that checks a value by a named schema and returns its faults, one per line. */
function checker(id, schemas) {
  // ajv knows `nullable` of OpenAPI 3.0. Unknown formats are ignored.
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
