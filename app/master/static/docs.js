// Shows the API for trying it out: with the session's cookie and its CSRF token, or with a token given to Authorize.
"use strict";

const SESSION = "api/v1/session";
let csrfToken = "";

async function start() {
  const answer = await fetch(SESSION);
  if (!answer.ok) {
    location.reload(); // without a session, this page leads to the sign-in
    return;
  }
  const session = await answer.json();
  csrfToken = session.csrfToken || "";
  document.getElementById("who").textContent = `${session.user} (${session.role})`;
  document.getElementById("sign-out").addEventListener("click", signOut);
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#docs",
    deepLinking: true,
    filter: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: true,
    validatorUrl: null,
    requestInterceptor(request) {
      if (csrfToken && !["GET", "HEAD"].includes((request.method || "GET").toUpperCase())) {
        request.headers["X-CSRF-Token"] = csrfToken;
      }
      return request;
    },
  });
}

async function signOut() {
  await fetch(SESSION, { method: "DELETE", headers: { "X-CSRF-Token": csrfToken } });
  location.reload();
}

start();
