export default {
  title: "about",
};
