export default {
  title: "tokens",
};
