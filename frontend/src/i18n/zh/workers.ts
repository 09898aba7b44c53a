import type { Translation } from "..";
import type en from "../en/workers";

const zh: Translation<typeof en> = {
  title: "workers",
};

export default zh;
