import "./styles/main.css";
import { onSessionEnd } from "./api/client";
import { startKeyboard } from "./app/keyboard";
import { renewWhenOutdated } from "./app/renew";
import { followRights } from "./app/rights";
import { router } from "./app/router";
import { session } from "./app/session";
import { Shell } from "./app/shell";
import { startI18n, t } from "./i18n";
import { signInPage } from "./pages/signin/page";
import { credentials } from "./pages/signin/form";
import { confirm } from "./ui/dialog";
import { h, replace } from "./ui/dom";
import { errorState } from "./ui/states";

const RETRY_MS = 3_000;

const place = document.getElementById("app") ?? document.body;

let asking: Promise<void> | null = null;

/** Several calls may find at once that the session has ended; one dialog serves them all. */
function signInAgain(): Promise<void> {
  asking ??= ask().finally(() => (asking = null));
  return asking;
}

async function ask(): Promise<void> {
  const { fields, submit } = credentials(session.current?.user);
  const same = await confirm({
    title: t("signIn"),
    body: [h("p", null, t("sessionEnded")), fields],
    action: t("signIn"),
    cancel: t("signInAsOther"),
    act: submit,
  });
  if (same) return;
  if (!(await router.mayLeave())) return ask();
  // All starts anew: neither what is on the page nor a call that waits here is somebody else's.
  history.replaceState(null, "", "#/sign-in");
  location.reload();
  await new Promise(() => undefined);
}

function startWhenPossible(): void {
  setTimeout(() => {
    if (document.hidden) startWhenPossible();
    else session.restore().then(() => location.reload(), startWhenPossible);
  }, RETRY_MS);
}

async function start(): Promise<void> {
  renewWhenOutdated();
  await startI18n();
  startKeyboard();
  try {
    await session.restore();
  } catch (error) {
    replace(
      place,
      errorState(error, () => location.reload()),
    );
    startWhenPossible();
    return;
  }
  onSessionEnd(signInAgain);
  followRights();
  const shell = new Shell(place);
  router.start({
    prepare: (path) => shell.prepare(path),
    signIn: (query, next) => signInPage(place, query, next),
  });
}

void start();
