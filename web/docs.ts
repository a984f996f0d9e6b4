/** The global of swagger-ui-bundle.js, which the page loads before this. */
declare const SwaggerUIBundle: (options: {
  readonly url: string;
  readonly dom_id: string;
  readonly deepLinking: boolean;
  readonly tryItOutEnabled: boolean;
}) => void;

SwaggerUIBundle({ url: "/v1/openapi.json", dom_id: "#api", deepLinking: true, tryItOutEnabled: true });
