import type { Translation } from "..";
import type en from "../en/tokens";

const zh: Translation<typeof en> = {
  title: "tokens",
};

export default zh;
