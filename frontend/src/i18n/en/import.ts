export default {
  title: "import",
};
