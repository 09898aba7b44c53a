/** Tokens of programs: the reader's own, for an admin everybody's. */

import { api, call, type Schemas } from "../../api/client";
import { isAbort } from "../../api/problem";
import type { Page } from "../../app/page";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { h, newId, replace, type Child } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { emptyState } from "../../ui/states";
import { Table } from "../../ui/table";
import { gather } from "../shared/gather";
import { staleNote } from "../shared/stale-note";
import { createToken, deleteToken } from "./actions";
import { columns } from "./columns";
import { cliExample, commandBox, curlExample } from "./examples";
import "./tokens.css";

const REFRESH_MS = 30_000; // nothing tells of changes by others

type Token = Schemas["TokenView"];

const page: Page = async (context) => {
  const { root, signal, query, title, setQuery } = context;
  title(t("tokens:title"));
  const fetchTokens = async () => (await call(() => api.GET("/api/v1/tokens", { signal }))).items;
  let tokens: readonly Token[] = await fetchTokens();
  let user = query.get("user") ?? "";

  const table = new Table<Token>({
    caption: t("tokens:caption"),
    columns: columns((token) => void deleteToken(token).then((done) => done && refresh(true))),
    key: ({ id }) => id,
  });
  const place = h("div");
  const count = h("span.text-body-secondary");
  const whose = h("select.form-select.form-select-sm.w-auto", { "aria-label": t("tokens:whose") });
  whose.addEventListener("change", () => {
    user = whose.value;
    setQuery(new URLSearchParams(user && { user }));
    draw();
  });

  const draw = () => {
    const shown = tokens.filter((token) => !user || token.user === user);
    const users = [...new Set([session.current?.user ?? "", user, ...tokens.map((token) => token.user)])]
      .filter(Boolean)
      .sort();
    whose.hidden = !session.may("admin") || users.length < 2;
    replace(
      whose,
      h("option", { value: "" }, t("tokens:everybody")),
      users.map((name) => h("option", { value: name }, name)),
    );
    whose.value = user;
    replace(count, t("tokens:count", { count: shown.length }));
    table.update(shown);
    if (!shown.length) replace(place, nothing(user));
    else if (place.firstElementChild !== table.element) replace(place, table.element);
  };
  const stale = staleNote();
  const refresh = gather(context, 1_000, async () => {
    try {
      tokens = await fetchTokens();
      draw();
      stale.show(null);
    } catch (error) {
      if (!isAbort(error)) stale.show(error);
    }
  });

  draw();
  root.append(
    h(
      "div.page-head",
      null,
      h("h1", null, t("tokens:title")),
      count,
      stale.element,
      whose,
      h(
        "button.btn.btn-sm.btn-primary",
        {
          type: "button",
          "data-action": "new",
          on: { click: () => void createToken().then((done) => done && refresh(true)) },
        },
        icon("plus"),
        ` ${t("tokens:new")}`,
      ),
    ),
    h("p.text-body-secondary", null, t("tokens:intro")),
    h("div.card.tokens-card", null, place),
    usage(),
  );
  context.every(REFRESH_MS, () => refresh());
  context.on("reload", () => refresh());
};

function nothing(user: string): HTMLElement {
  const own = !user || user === session.current?.user;
  return emptyState(
    "key",
    own ? t("tokens:empty") : t("tokens:emptyOf", { user }),
    own && h("p.mb-0", null, t("tokens:emptyHelp")),
  );
}

function usage(): HTMLElement {
  const titleId = newId("card");
  const part = (words: string, command: string): Child => [
    h("p.mb-1", null, words),
    commandBox(t("tokens:copyExample"), command),
  ];
  return h(
    "section.card.mt-3",
    { "aria-labelledby": titleId },
    h("div.card-head", null, h("h2", { id: titleId }, t("tokens:use"))),
    h(
      "div.card-body.pt-2.usage",
      null,
      h("div", null, part(t("tokens:useHttp"), curlExample("$TOKEN"))),
      h("div", null, part(t("tokens:useCli"), cliExample())),
    ),
  );
}

export default page;
