import type { Translation } from "..";
import type en from "../en/about";

const zh: Translation<typeof en> = {
  title: "about",
};

export default zh;
