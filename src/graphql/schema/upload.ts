import { GraphQLJSONObject } from "graphql-scalars";
import { GraphQLError } from "graphql";
import { maxUploadBytes, Upload } from "../../http/upload.ts";
import { builder } from "./builder.ts";

builder.scalarType("Upload", {
  description:
    "A file in the request, as in the GraphQL multipart request specification: " +
    "`multipart/form-data` with `operations`, `map` and then the file, " +
    `${maxUploadBytes / 1024 / 1024} MB at most. One file per request; input only.`,
  serialize: () => {
    throw new GraphQLError("An Upload is never answered.");
  },
  parseValue: (value) => {
    if (value instanceof Upload) return value;
    throw new GraphQLError("An Upload is a file of a multipart/form-data request, not a value.");
  },
});

builder.addScalarType("JSONObject", GraphQLJSONObject, {
  description: 'Named values as a JSON object: `{ "first_name": "Jana" }`.',
});
