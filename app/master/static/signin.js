// Signs in, then shows the page that was asked for.
"use strict";

document.getElementById("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const problem = document.getElementById("problem");
  problem.textContent = "";
  try {
    const answer = await fetch("/api/v1/session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(Object.fromEntries(form)),
    });
    if (answer.ok) {
      location.reload();
    } else {
      problem.textContent = (await answer.json()).detail;
    }
  } catch {
    problem.textContent = "The server does not answer.";
  }
});
