/// What this code needs of model.json.
struct Model: Decodable {
    struct Class: Decodable { let name: String }
    struct Input: Decodable { let dtype: String }
    struct Resize: Decodable {
        let size: Int
        let fit: String
        let colour: String?
    }

    let disclaimer: String
    let classes: [Class]
    let input: Input
    let resize: Resize
}
