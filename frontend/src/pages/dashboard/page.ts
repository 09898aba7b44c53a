import type { Page } from "../../app/page";
import { t } from "../../i18n";
import { h } from "../../ui/dom";

const page: Page = ({ root, title }) => {
  title(t("dashboard:title"));
  root.append(h("div.page-head", null, h("h1", null, t("dashboard:title"))));
};

export default page;
