import type { Page } from "../../app/page";
import { t } from "../../i18n";
import { h } from "../../ui/dom";

const page: Page = ({ root, title }) => {
  title(t("account:title"));
  root.append(h("div.page-head", null, h("h1", null, t("account:title"))));
};

export default page;
