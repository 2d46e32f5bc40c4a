"use strict";
// The token stands behind the `#`, which is sent to no server; it leaves the browser in the body of one request.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

const form = document.getElementById("form");
const said = document.getElementById("said");
const send = document.getElementById("send");
const joining = location.pathname === "/join";

function say(text, wrong) {
  said.textContent = text;
  said.className = wrong ? "wrong" : "";
}

function stop(text, wrong) {
  form.hidden = true;
  document.getElementById("why").hidden = true;
  say(text, wrong);
}

async function submit(password) {
  const path = joining ? "/api/v1/auth/accept-invitation" : "/api/v1/auth/reset-password";
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, password }),
  });
  if (answer.ok) {
    stop("Your password is set. Sign in with it now.", false);
    return;
  }
  const problem = await answer.json();
  if (problem.code === "link_invalid") {
    stop(problem.detail, true);
  } else {
    say(problem.detail, true);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const password = document.getElementById("password").value;
  if (password !== document.getElementById("again").value) {
    say("The two are not the same.", true);
    return;
  }
  send.disabled = true;
  try {
    await submit(password);
  } catch {
    say("The server does not answer. Try again in a moment.", true);
  } finally {
    send.disabled = false;
  }
});

if (!token) {
  stop("This link is not whole: open it again from the mail.", true);
}
