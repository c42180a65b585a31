/// What this code needs of model.json.
struct Model: Decodable {
    struct Class: Decodable { let name: String }
    struct File: Decodable {
        struct Input: Decodable { let dtype: String }

        let format: String
        let input: Input
    }
    struct Resize: Decodable {
        let size: Int
        let fit: String
        let colour: String?
    }

    let disclaimer: String
    let classes: [Class]
    let files: [File]
    let resize: Resize
}
